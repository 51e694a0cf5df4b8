/**
 * `routing-controllers-oauth2/openapi`: OpenAPI 3.1 documents from the plans that the guard asks. Schemas of classes need the
 * optional package `class-validator-jsonschema`; `swaggerUi` needs the optional package `swagger-ui-dist`.
 */
export type { OpenApiDocument, OpenApiInfo } from '../openapi/document.js';
export { type DocumentedOAuth2, openApi } from '../openapi/open-api.js';
export type { OpenApiOptions } from '../openapi/open-api-options.js';
export { Returns, type ReturnsOptions } from '../openapi/returns.js';
export { swaggerUi } from '../openapi/swagger-ui.js';
export type { SwaggerUiOptions } from '../openapi/swagger-ui-options.js';
