import type { PageRoute } from '../page-router.js';
import type { PageServices } from '../page-services.js';
import { SignedIn } from '../sign-in/sign-in.js';
import { policiesOf } from './policies.js';
import { type Formats, topicsOf } from './topics.js';

/** The page on which staff sees what happened in the last hour and the last day. */
export function overviewRoutes(services: PageServices): PageRoute[] {
  const { dependencies, renderer, texts } = services;
  const signedIn = new SignedIn(services);
  const formats = formatsIn(texts.frame.language);
  return [
    {
      path: '/staff/overview',
      async get(context) {
        const viewer = await signedIn.staff(context);
        if (viewer === undefined) return;
        const { hour, day, stores, source, ...overview } = await dependencies.overview();
        await renderer.show(context, 'overview', {
          viewer,
          source,
          sinceMilliseconds: overview.sinceMilliseconds,
          stores: stores.map(([name, state]) => ({ name, state })),
          connections: overview.connections,
          liveTokens: overview.liveTokens,
          cachedTokens: overview.cachedTokens,
          revocationLagMilliseconds: overview.revocationLagMilliseconds,
          topics: topicsOf({ hour, day }, texts, formats),
          policies: policiesOf({ hour, day }, texts, formats),
        });
      },
    },
  ];
}

function formatsIn(language: string): Formats {
  const numbers = new Intl.NumberFormat(language);
  const shortNumbers = new Intl.NumberFormat(language, { notation: 'compact' });
  const percents = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
  const times = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
    timeZone: 'UTC',
  });
  return {
    number: (value) => numbers.format(value),
    shortNumber: (value) => shortNumbers.format(value),
    percent: (share) => percents.format(share),
    time: (atMilliseconds) => times.format(atMilliseconds),
  };
}
