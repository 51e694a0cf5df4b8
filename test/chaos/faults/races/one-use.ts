import { type Answer, post } from '../asking.js';
import { type Race, told } from './race.js';
import { aMoment } from './rounds.js';

/** What is good for one use, used at two processes. */
export const ONE_USE: readonly Race[] = [
  {
    title: '[AS-31 §6] two refreshes with one token at two processes: one successor, which is stored once',
    run: (pair, rounds) =>
      rounds(async () => {
        const { refreshToken } = await pair.stand.tokens();
        const answers = await pair.both((process) => aMoment().then(() => pair.refresh(process, refreshToken)));
        const successors = new Set(answers.map(({ status, body }) => `${status} ${body.refresh_token}`));
        if (successors.size !== 1 || answers[0]?.status !== 200) return answers.map(told).join(', ');
        const { refreshTokens } = await pair.one.order('family', refreshToken);
        return refreshTokens === 2 ? undefined : `${refreshTokens} refresh tokens`;
      }),
  },
  {
    title: '[AS-33 §2.1] a refresh at one process and a revocation at the other: nothing of the family is left',
    run: (pair, rounds) =>
      rounds(async () => {
        const { stand, one, other } = pair;
        const { refreshToken } = await stand.tokens();
        const [refreshed, revoked] = await Promise.all([
          aMoment().then(() => pair.refresh(one, refreshToken)),
          aMoment().then(() => post(other, 'revoke', stand.web, { token: refreshToken })),
        ]);
        if (revoked.status !== 200) return `the revocation: ${told(revoked)}`;
        const isStated = refreshed.status === 200 || told(refreshed) === '400 invalid_grant';
        if (!isStated) return `the refresh: ${told(refreshed)}`;
        const { live } = await one.order('family', refreshToken);
        if (live !== 0) return `${live} tokens are left`;
        return refreshed.status === 200 ? pair.refused(String(refreshed.body.access_token)) : undefined;
      }),
  },
  {
    title: '[AS-26 §4.1.2] one code at two processes: one exchange succeeds, and the other revokes what it issued',
    run: (pair, rounds) =>
      rounds(async () => {
        const { stand, other } = pair;
        const code = await stand.code();
        const answers = await pair.both((process) => aMoment().then(() => post(process, 'token', stand.web, code)));
        const [granted, refused] = answers.sort((left, right) => left.status - right.status) as [Answer, Answer];
        if (granted.status !== 200 || told(refused) !== '400 invalid_grant') return answers.map(told).join(', ');
        const { live } = await other.order('family', String(granted.body.refresh_token));
        return live === 0 ? pair.refused(String(granted.body.access_token)) : `${live} tokens are left`;
      }),
  },
];
