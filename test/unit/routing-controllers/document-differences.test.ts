import { describe, expect, test } from '@jest/globals';
import { All, Get, JsonController, Authorized as PlainAuthorized, Post } from 'routing-controllers';
import { type DocumentedSecurity, openApiSecurity } from '../../../src/resource-server/openapi-security/index.js';
import { anyOf, type Permission, TokenMatchesOASRequirements } from '../../../src/resource-server/permissions/index.js';
import type { ActionReference } from '../../../src/routing-controllers/action-reference.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { documentDifferences } from '../../../src/routing-controllers/document-differences.js';
import { actionsOf, compilerOf } from '../../support/permissions/plans.js';

/** A document that asks for a token at these paths, and at those that begin with `open` for none. */
function documentOf(...paths: string[]): DocumentedSecurity {
  const token = { type: 'http', scheme: 'bearer' };
  const guarded = { security: [{ token: [] }] };
  const document = {
    ...{ openapi: '3.1.0', info: { title: 'A', version: '1' }, components: { securitySchemes: { token } } },
    paths: Object.fromEntries(paths.map((path) => [path, { get: path.startsWith('/open') ? {} : guarded }])),
  };
  return openApiSecurity(document);
}

const documented = (...paths: string[]) => new TokenMatchesOASRequirements(documentOf(...paths));

/** What it does with its document is its own affair. */
class Own implements Permission {
  readonly requiredAlternateScopes = documentOf('/nowhere');
  hasPermission(): boolean {
    return false;
  }
}

const first = documented('/first', '/open/undeclared', '/gone', '/unrelated');
const other = documented('/other', '/lost');

@JsonController()
class Actions {
  @PlainAuthorized(['a', Own])
  @Get('/unrelated')
  unrelated() {}

  @Get('/open/undeclared')
  undeclared() {}

  @PlainAuthorized(anyOf(first, 'b'))
  @Get('/first')
  first() {}

  @PlainAuthorized(other)
  @Get('/other')
  other() {}

  @PlainAuthorized(first)
  @Post('/first')
  undocumented() {}

  @Public()
  @All('/lost')
  open() {}

  @PlainAuthorized(new TokenMatchesOASRequirements({ GET: [['a']] }))
  @Get('/alternatives')
  alternatives() {}
}

const NAMES = ['unrelated', 'undeclared', 'first', 'other', 'undocumented', 'open', 'alternatives'];

function differences(...names: string[]) {
  const actions = actionsOf(Actions);
  const compared = names.map((name) => {
    const action = actions[name] as ActionReference;
    return { action, plan: compilerOf().compile(action).plan };
  });
  return documentDifferences(compared).map(({ position, text }) => [names[position], text]);
}

describe('differences between documents and actions', () => {
  test('are those of each document once, each with the action it is about, or with the first that asks its document', () => {
    expect(differences(...NAMES)).toEqual([
      ['undocumented', 'Actions.undocumented (POST /first): the OpenAPI document has no operation for it'],
      ['first', 'the OpenAPI document: GET /gone is an operation without an action'],
      ['open', 'Actions.open (ALL /lost): is @Public(), but GET /lost of the OpenAPI document asks for a token'],
    ]);
  });

  test('are none where no action asks a document', () => {
    expect(differences('unrelated', 'undeclared', 'open', 'alternatives')).toEqual([]);
  });
});
