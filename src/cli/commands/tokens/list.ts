import { InvalidArgumentError } from 'commander';
import type { FoundToken, StoredTokenKind, TokenCursor } from '../../../storage/index.js';
import type { CliCommand } from '../../cli-command.js';
import { CliContext, usage } from '../../cli-context.js';
import { wholeNumber } from '../../number-values.js';
import { exactText } from '../../option-values.js';
import { columns } from '../../output.js';
import type { Surroundings } from '../../surroundings.js';

interface ListOptions {
  readonly user?: string;
  readonly client?: string;
  readonly limit: number;
  readonly after?: TokenCursor;
}

const DEFAULT_LIMIT = 50;
const MOST = 999;

/** As many digits as tell tokens apart. */
const SHOWN_DIGITS = 12;

/** `rc-oauth2 tokens list`: lists the tokens of a user or an application, a page at a time. */
export function addList(parent: CliCommand, surroundings: Surroundings): void {
  parent
    .command('list')
    .summary('list the tokens of a user or an application')
    .description(
      'Lists access and refresh tokens, whatever their state, newest first. A token itself is not stored and cannot be\n' +
        'shown; its SHA-256 can.',
    )
    .option('--user <id>', 'id of the user', exactText)
    .option('--client <client_id>', 'client identifier of the application', exactText)
    .option('--limit <tokens>', 'how many at most', wholeNumber(1, MOST, 'tokens.'), DEFAULT_LIMIT)
    .option('--after <place>', 'where the page begins: `next` of the page before', cursor)
    .action(async ({ user, client, limit, after }: ListOptions, command: CliCommand) => {
      const context = new CliContext(command, surroundings);
      if (user === undefined && client === undefined) {
        throw usage('Name whose tokens to list, with --user <id>, --client <client_id> or both.');
      }
      await context.withOAuth2({}, async ({ models }) => {
        const { cursorAfter, TokenSearch } = await import('../../../storage/index.js');
        const filter = {
          ...(user !== undefined && { userId: user }),
          ...(client !== undefined && { clientId: client }),
        };
        // One more than is shown says whether there is another page.
        const found = await new TokenSearch(models).search(filter, {
          limit: limit + 1,
          ...(after !== undefined && { before: after }),
        });
        const shown = found.slice(0, limit);
        const next = found.length > limit ? cursorText(cursorAfter(shown, after)) : null;
        const tokens = shown.map((token) => described(token, Date.now()));
        const rows = tokens.map((token) => [
          token.token_hash.slice(0, SHOWN_DIGITS),
          token.kind,
          token.state,
          token.client_id ?? '(deleted)',
          token.user_id ?? '-',
          token.scope || '-',
          token.expires_at,
        ]);
        const table = columns([['SHA-256', 'KIND', 'STATE', 'CLIENT_ID', 'USER', 'SCOPE', 'EXPIRES'], ...rows]);
        context.output.result({ tokens, next }, rows.length === 0 ? 'No tokens.' : table);
        if (next !== null) context.output.note(`There are more: --after ${next}`);
      });
    });
}

function described(token: FoundToken, nowMilliseconds: number) {
  return {
    kind: token.kind,
    token_hash: token.hash,
    state: stateOf(token, nowMilliseconds),
    client_id: token.clientId,
    user_id: token.userId,
    scope: token.scopes.join(' '),
    issued_at: new Date(token.createdAtMilliseconds).toISOString(),
    expires_at: new Date(token.expiresAtMilliseconds).toISOString(),
  };
}

function stateOf({ revokedAtMilliseconds, expiresAtMilliseconds }: FoundToken, nowMilliseconds: number): string {
  if (revokedAtMilliseconds !== null) return 'revoked';
  return expiresAtMilliseconds <= nowMilliseconds ? 'expired' : 'live';
}

/** Rows of each kind are numbered on their own: `a12.r7`. */
function cursorText({ access, refresh }: TokenCursor): string {
  return [access && `a${access}`, refresh && `r${refresh}`].filter(Boolean).join('.');
}

const KINDS: Readonly<Record<string, StoredTokenKind>> = { a: 'access', r: 'refresh' };

function cursor(value: string): TokenCursor {
  if (!/^(?:a[1-9]\d{0,14})?(?:(?:^|\.)r[1-9]\d{0,14})?$/.test(value) || value === '') {
    throw new InvalidArgumentError('Give `next` of the page before, such as a12.r7.');
  }
  return Object.fromEntries(value.split('.').map((part) => [KINDS[part[0] as string], Number(part.slice(1))]));
}
