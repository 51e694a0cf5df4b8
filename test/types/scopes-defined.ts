// `defineScopes` gives what takes only its scopes, without anything registered.
import 'reflect-metadata';
import { Get, JsonController } from 'routing-controllers';
import {
  Authorized as AnyScope,
  createOAuth2,
  defineScopes,
  IsAuthenticated,
  type RequestAccess,
} from 'routing-controllers-oauth2';

const { Authorized, RequiredScopes, allOf, anyOf, not, hasScopes, scopes } = defineScopes({
  'books:read': 'See books',
  'books:write': 'Change books',
});

createOAuth2({ database: process.env.DATABASE_URL, scopes });

@Authorized('books:read')
@RequiredScopes('books:write', 'books')
@JsonController('/good')
export class Good {
  @Authorized([['books:read'], ['openid', 'books:write']])
  @Get('/a')
  a(): void {}

  @Authorized(allOf(IsAuthenticated, anyOf('books:read', not('books:write'))))
  @Get('/b')
  b(): void {}

  // Nothing is registered: the general decorator takes any scope.
  @AnyScope('books:raed other')
  @Get('/c')
  c(): void {}
}

export class Bad {
  // @ts-expect-error: misspelt
  @Authorized('books:raed')
  a(): void {}

  // @ts-expect-error: misspelt in an alternative
  @Authorized([['books:read'], ['books:wirte']])
  b(): void {}

  // @ts-expect-error: two scopes in one text
  @Authorized('books:read books:write')
  c(): void {}

  // @ts-expect-error: misspelt in a composition
  @Authorized(anyOf('books:read', 'books:wirte'))
  d(): void {}

  // @ts-expect-error: misspelt
  @RequiredScopes('books:wirte')
  e(): void {}
}

export function readers(access: RequestAccess): boolean[] {
  return [
    hasScopes(access, ['books:read']),
    // @ts-expect-error: misspelt
    hasScopes(access, ['books:raed']),
  ];
}
