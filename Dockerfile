# The example application. The package itself is installed from npm; this file is not part of it.
FROM node:22-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY examples ./examples
# Installing also builds: npm runs the script "prepare".
RUN npm ci --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# What the example uses beside the package are development dependencies of the repository, so they come along.
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/examples/dist ./examples/dist
RUN mkdir .data && chown node:node .data
USER node
EXPOSE 3000
# Node itself gets the SIGTERM of "docker stop", with no npm in between.
CMD ["node", "examples/dist/bookstore/main.js"]
