'use strict';
// For require(): the ES modules of this package, which Node loads from 20.19 on.
try {
  module.exports = require('ENTRY');
} catch (error) {
  const missing = error?.code === 'ERR_MODULE_NOT_FOUND' && /^Cannot find package '([^']+)'/.exec(error.message)?.[1];
  if (missing)
    throw new Error(
      `This entry of routing-controllers-oauth2 needs the package '${missing}': npm install ${missing}.`,
      { cause: error },
    );
  const isModule = error?.name === 'SyntaxError' && /import statement|export/.test(error.message);
  if (!isModule && error?.code !== 'ERR_REQUIRE_ESM') throw error;
  const message =
    'routing-controllers-oauth2 consists of ES modules, which this program cannot require(). ' +
    "In Jest, compile it with the tests (transformIgnorePatterns: ['/node_modules/(?!(routing-controllers-oauth2|eta)/)']), " +
    'or run Jest with NODE_OPTIONS=--experimental-vm-modules and tests that are ES modules: docs/testing.md has both. Otherwise use Node 20.19 or newer.';
  throw new Error(message, { cause: error });
}
