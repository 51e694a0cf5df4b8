import { defineScopes } from 'routing-controllers-oauth2';

/** All scopes that the bookstore's routes require, with descriptions for people; and the decorators that take only these. */
export const { scopes, Authorized, RequiredScopes } = defineScopes({
  api: 'Use the API',
  read: 'Read',
  write: 'Write',
  'music:read': 'Listen to music',
  'music:write': 'Change the music',
  create: 'Create documented things',
  post: 'Post',
  widget: 'Use widgets',
  edit: 'Edit',
  update: 'Update',
  books: 'Use the bookshelf',
  'books:read': 'See the books',
  'books:write': 'Add, change and remove books',
  sensitive_data: 'See sensitive data',
  modify: 'Modify',
  admin: 'Administer',
  notes: "See everybody's notes",
});

/** Scopes of staff only: tokens for other users never contain them, whatever the user allows an application. */
const STAFF_SCOPES: readonly string[] = ['admin', 'notes', 'sensitive_data'];

/** The scopes that a user of the bookstore may have. */
export function scopesOf({ isStaff }: { readonly isStaff: boolean }): string[] {
  return Object.keys(scopes).filter((scope) => isStaff || !STAFF_SCOPES.includes(scope));
}

/** The scopes of applications that users register themselves. */
export const OWNER_SCOPES = ['openid', 'api', 'read', 'books', 'books:read'] as const;
