import { post } from '../asking.js';
import { type Client, SIGNED_RESOURCE } from '../protocol.js';
import { oddOne, type Race, told } from './race.js';
import { AT_ONCE, aMoment } from './rounds.js';

const FORM = { grant_type: 'client_credentials', scope: 'read' };

/** What is replaced while it is used. */
export const ROTATIONS: readonly Race[] = [
  {
    title:
      '[AS-36] a secret that is replaced at one process and used at the other: once that is done, only the new one is good',
    async run(pair, rounds) {
      const { one, other } = pair;
      const free: Client[] = await Promise.all(Array.from({ length: AT_ONCE }, () => one.order('addClient')));
      return rounds(async () => {
        const before = free.pop() as Client;
        const [clientSecret, ...answers] = await Promise.all([
          aMoment().then(() => one.order('rotateSecret', before.clientId)),
          ...[other, one, other].map((process) => aMoment().then(() => post(process, 'token', before, FORM))),
        ]);
        const after = { clientId: before.clientId, clientSecret };
        const odd = oddOne(answers);
        const statuses = await pair.both(async (process) => {
          const withOld = await post(process, 'token', before, FORM);
          const withNew = await post(process, 'token', after, FORM);
          return `${withOld.status} ${withNew.status}`;
        });
        free.push(after);
        if (odd !== undefined) return `meanwhile: ${told(odd)}`;
        return statuses.every((both) => both === '401 200') ? undefined : statuses.join(', ');
      });
    },
  },
  {
    title:
      '[AS-43 §2] signing keys that are replaced at one process while the other signs tokens: both processes admit every one of them',
    async run(pair, rounds) {
      const { stand, one, other } = pair;
      let isOver = false;
      let replaced = 0;
      // One after the other, for as long as there are rounds: new keys take longer than a round.
      const replacing = (async () => {
        for (; !isOver; replaced += 1) await one.order('replaceKeys');
      })();
      const playing = rounds(async () => {
        const form = { ...FORM, resource: SIGNED_RESOURCE };
        const issued = await aMoment().then(() => post(other, 'token', stand.service, form));
        if (issued.status !== 200) return `the token request: ${told(issued)}`;
        const token = String(issued.body.access_token);
        if (token.split('.').length !== 3) return 'the token is not signed';
        const statuses = await pair.told(token);
        return statuses === '200 200' ? undefined : statuses;
      });
      const [wrong] = await Promise.all([
        playing.finally(() => {
          isOver = true;
        }),
        replacing,
      ]);
      return replaced > 0 ? wrong : [...wrong, 'no key was replaced'];
    },
  },
];
