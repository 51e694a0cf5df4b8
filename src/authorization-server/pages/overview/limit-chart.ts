import { element, type PictureFrame, picture, text } from './svg.js';

const WIDTH = 480;
const ROW = 34;
const BAR_HEIGHT = 10;
/** Room for the percentage. */
const RIGHT = 52;
/** From this share on, a bar is in the colour of refusals. */
const NEAR = 0.8;

/** How much of its limit each policy had at most used. */
export interface LimitChart extends Pick<PictureFrame, 'id' | 'title' | 'description'> {
  readonly policies: readonly { readonly name: string; readonly peak: number }[];
  readonly percent: (share: number) => string;
}

/** Draws a bar for each policy, on a track that ends at the limit. */
export function limitChart({ policies, percent, ...frame }: LimitChart): string {
  const track = WIDTH - RIGHT;
  const parts = policies.map(({ name, peak }, index) => {
    const y = index * ROW;
    const bar = { x: 0, y: y + 20, height: BAR_HEIGHT };
    return (
      text(0, y + 14, 'start', name) +
      element('rect', { ...bar, class: 'track', width: track }) +
      (peak > 0 ? element('rect', { ...bar, class: peak >= NEAR ? 's2' : 's1', width: track * peak }) : '') +
      text(WIDTH, y + 29, 'end', percent(peak))
    );
  });
  return picture({ ...frame, width: WIDTH, height: Math.max(1, policies.length) * ROW }, parts);
}
