import type { HistorySlot } from '../../../core/observation/overview.js';
import type { OverviewPolicies, OverviewPolicy } from '../rendering/overview-models.js';
import { fillText } from '../rendering/page-text.js';
import type { Texts } from '../rendering/texts.js';
import { limitChart } from './limit-chart.js';
import type { Formats, Spans } from './topics.js';

/** How many policies are drawn; the table has all of them. */
const MOST_DRAWN = 12;

/** Makes the pictures of how near the policies are to their limits. */
export function policiesOf({ hour, day }: Spans, { overview: t }: Texts, formats: Formats): OverviewPolicies[] {
  return [
    policiesIn('limits-hour', fillText(t.lastHour, { title: t.limits }), hour, t.nothing, formats),
    policiesIn('limits-day', fillText(t.lastDay, { title: t.limits }), day, t.nothing, formats),
  ];
}

function policiesIn(
  id: string,
  title: string,
  slots: readonly HistorySlot[],
  nothing: string,
  { percent }: Formats,
): OverviewPolicies {
  const policies = summed(slots);
  const drawn = [...policies].sort((one, other) => other.peak - one.peak).slice(0, MOST_DRAWN);
  const described = drawn.map(({ name, peak }) => `${name}: ${percent(peak)}`).join('; ');
  return {
    id,
    title,
    policies,
    svg: limitChart({ id, title, description: described === '' ? nothing : described, policies: drawn, percent }),
  };
}

function summed(slots: readonly HistorySlot[]): OverviewPolicy[] {
  const byName = new Map<string, OverviewPolicy>();
  for (const { policies } of slots) {
    for (const [name, { allowed, refused, undecided, peak }] of Object.entries(policies)) {
      const before = byName.get(name) ?? { allowed: 0, refused: 0, undecided: 0, peak: 0 };
      byName.set(name, {
        name,
        allowed: before.allowed + allowed,
        refused: before.refused + refused,
        undecided: before.undecided + undecided,
        peak: Math.max(before.peak, peak),
      });
    }
  }
  return [...byName.values()].sort(
    (one, other) => other.refused - one.refused || other.peak - one.peak || other.allowed - one.allowed,
  );
}
