import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Authorized, Get, JsonController } from 'routing-controllers';
import type { TracedDecision } from '../../../src/core/observation/tracing.js';
import { userPrincipal } from '../../../src/core/principal.js';
import { type VerifiedToken, verifiedToken } from '../../../src/core/verified-token.js';
import { RequestAccess } from '../../../src/resource-server/request-access.js';
import { Admissions } from '../../../src/routing-controllers/admissions.js';
import { Public } from '../../../src/routing-controllers/decorators/public.js';
import { contextOf } from '../../support/guard/guard.js';
import { token } from '../../support/permissions/access.js';
import { observed, planOf } from '../../support/permissions/plans.js';

@JsonController('/books')
class Books {
  @Authorized('read')
  @Get('/')
  list() {}

  @Public()
  @Get('/open')
  open() {}
}

const guarded = planOf(Books, 'list');
const open = planOf(Books, 'open');

function admissions(asked: { address?: () => string } = {}) {
  const { observation, log, lines } = observed();
  const events: unknown[] = [];
  const decisions: TracedDecision[] = [];
  return {
    of: new Admissions(observation, { address: () => 'ip:192.0.2.1', requestId: () => 'r-1', ...asked }, log),
    ...{ observation, lines, events, decisions },
    listen: () => observation.events.on('access.granted', (event) => events.push(event)),
    trace() {
      observation.tracing.tracer = {
        decided: (decision) => void decisions.push(decision),
        around: (_operation, work) => work(),
      };
    },
  };
}

function by(verified: VerifiedToken | undefined): RequestAccess {
  const authentication = { authType: 'oauth2', principal: userPrincipal('alice'), token: verified, userId: 'alice' };
  return new RequestAccess(contextOf('/books', {}, 'HEAD'), authentication, undefined as never, undefined);
}

const anonymous = () => new RequestAccess(contextOf('/books/open'), undefined, undefined as never, undefined);

describe('a request that passes is counted', () => {
  test('as granted where its action requires something, and as public where not, whoever it is from', () => {
    const { of, observation } = admissions();
    of.of(by(token(['read'])), guarded);
    of.of(by(token(['read'])), guarded);
    of.of(anonymous(), open);
    of.ofPublic(contextOf('/books/open'), open);
    of.ofPublic(contextOf('/books/open'), open);
    expect(observation.statistics.access).toMatchObject({ granted: 2, public: 3 });
    expect(observation.events.topics['access.granted'].count).toBe(5);
  });
});

describe('a request that passes is told', () => {
  const told = { requestId: 'r-1', address: 'ip:192.0.2.1' };
  const nobody = { ...{ userId: undefined, clientId: undefined, issuer: undefined }, subject: undefined };

  test('to whoever listens by then, with who it is from, and once the current work is done', async () => {
    const { of, listen, events } = admissions();
    of.of(by(token(['read'])), guarded);
    listen();
    of.of(by(token(['read'])), guarded);
    of.of(by(undefined), guarded);
    expect(events).toEqual([]);
    await nextTurn();
    const action = { controller: 'Books', method: 'list', verb: 'GET', path: '/books/' };
    const request = { ...told, action, requestMethod: 'HEAD', authType: 'oauth2' };
    expect(events).toEqual([
      { ...request, ...nobody, userId: 'alice', clientId: 'demo' },
      { ...request, ...nobody, userId: 'alice' },
    ]);
  });

  test('with nobody, if the action is public and nobody was asked', async () => {
    const { of, listen, events } = admissions();
    of.ofPublic(contextOf('/books/open'), open);
    listen();
    of.ofPublic(contextOf('/books/open'), open);
    of.of(anonymous(), open);
    await nextTurn();
    const event = { ...told, ...nobody, action: open.eventAction, requestMethod: 'GET', authType: undefined };
    expect(events).toEqual([event, event]);
  });

  test('with a foreign issuer and whom it means; without an issuer, with no subject', async () => {
    const { of, listen, events } = admissions();
    listen();
    of.of(by(verifiedToken({ ...token([]), issuer: 'https://login.example', subject: 'a-1' })), guarded);
    of.of(by(verifiedToken({ ...token([]), subject: 'alice' })), guarded);
    await nextTurn();
    expect(events).toMatchObject([
      { issuer: 'https://login.example', subject: 'a-1' },
      { issuer: undefined, subject: undefined },
    ]);
  });

  test('also if its address cannot be read: it passes nevertheless, and the log says why there is no event', async () => {
    const address = () => {
      throw new Error('no address');
    };
    const { of, listen, events, lines, observation } = admissions({ address });
    listen();
    of.of(by(token(['read'])), guarded);
    await nextTurn();
    expect(events).toEqual([]);
    expect(lines).toEqual([expect.stringMatching(/^The event access\.granted failed: Error: no address\n/)]);
    expect(observation.statistics.access.granted).toBe(1);
  });
});

describe('a tracer hears of a request that passes', () => {
  test('what was decided, about which action, and who it is from', () => {
    const { of, trace, decisions } = admissions();
    trace();
    of.of(by(token(['read'])), guarded);
    of.of(by(undefined), guarded);
    of.ofPublic(contextOf('/books/open'), open);
    of.of(anonymous(), open);
    const nobody = { authType: undefined, clientId: undefined, userId: undefined };
    expect(decisions).toEqual([
      { outcome: 'granted', action: 'Books.list', authType: 'oauth2', clientId: 'demo', userId: 'alice' },
      { outcome: 'granted', action: 'Books.list', authType: 'oauth2', clientId: undefined, userId: 'alice' },
      { outcome: 'public', action: 'Books.open', ...nobody },
      { outcome: 'public', action: 'Books.open', ...nobody },
    ]);
  });
});
