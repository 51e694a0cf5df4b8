export { type ActionOfDocument, type DocumentDifference, differencesTo } from './differences.js';
export { DocumentedSecurity, type OpenApiSecurityOptions, openApiSecurity } from './openapi-security.js';
