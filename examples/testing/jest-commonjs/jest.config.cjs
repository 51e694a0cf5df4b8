// npx jest --config examples/testing/jest-commonjs/jest.config.cjs
module.exports = {
  testEnvironment: 'node',
  // TypeScript writes `.js` where the file is `.ts`.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Jest loads no ES modules here before Node 24.9, so these packages are compiled as the tests are.
  transformIgnorePatterns: ['/node_modules/(?!(routing-controllers-oauth2|eta)/)'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
};
