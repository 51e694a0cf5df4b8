import { type Answer, get, post } from '../asking.js';
import { oddOne, type Race, told } from './race.js';
import { aMoment } from './rounds.js';

/** What may no longer be used, while it is used. */
export const REVOCATIONS: readonly Race[] = [
  {
    title:
      '[RS-16] a revocation at one process and the first look-ups at the other: the token is refused once the bound is over',
    run: (pair, rounds) =>
      rounds(async () => {
        const { stand, one, other } = pair;
        const token = await one.order('issue', { scope: 'read' });
        const [revoked, ...answers] = await Promise.all([
          aMoment().then(() => post(one, 'revoke', stand.service, { token })),
          ...[other, one, other].map((process) => aMoment().then(() => get(process, '/read', token))),
        ]);
        if (revoked?.status !== 200) return `the revocation: ${told(revoked as Answer)}`;
        const odd = oddOne(answers);
        return odd === undefined ? pair.refused(token) : told(odd);
      }),
  },
  {
    title: '[RS-17] a user who is disabled at one process and asks at the other: refused once the bound is over',
    run: (pair, rounds) =>
      rounds(async (round) => {
        const { one, other } = pair;
        const user = `user${round}`;
        await one.order('addUser', user);
        const token = await one.order('issue', { scope: 'read', user });
        const [, ...answers] = await Promise.all([
          aMoment().then(() => one.order('disableUser', user)),
          ...[other, one, other].map((process) => aMoment().then(() => get(process, '/read', token))),
        ]);
        const odd = oddOne(answers);
        return odd === undefined ? pair.refused(token) : told(odd);
      }),
  },
];
