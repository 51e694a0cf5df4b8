import type { OpenApiInfo } from 'routing-controllers-oauth2';

/** What the OpenAPI document says of the bookstore as a whole. */
export const apiInfo: OpenApiInfo = {
  title: 'Bookstore',
  version: '1.0.0',
  summary: 'The example of routing-controllers-oauth2.',
  description: 'Books, and actions that show each permission of the package.',
  license: { name: 'MIT', identifier: 'MIT' },
};
