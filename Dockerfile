# The example application. The package itself is installed from npm; this file is not part of it.
FROM node:22-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY examples ./examples
# Installing also builds: npm runs the script "prepare".
RUN npm ci --no-audit --no-fund
# What the example needs to run stays, in the versions of package-lock.json; what only development needs goes.
RUN node scripts/example-dependencies.mjs && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples/dist ./examples/dist
# All that the process may write.
RUN mkdir .data && chown node:node .data
USER node
EXPOSE 3000
# Node itself gets the SIGTERM of "docker stop", with no npm in between.
CMD ["node", "examples/dist/bookstore/main.js"]
