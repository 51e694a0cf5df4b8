// Preloaded into the example: appends every event that it publishes to a file, one JSON a line.

import { channel } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';

const { EVENTS_FILE, EVENT_NAMES } = process.env;
const channels = EVENT_NAMES.split(' ').map((name) => [name, channel(`routing-controllers-oauth2:${name}`)]);
for (const [name, one] of channels) {
  one.subscribe((event) => appendFileSync(EVENTS_FILE, `${JSON.stringify({ name, event })}\n`));
}
// A channel without references may be collected, with its subscribers.
globalThis.recordedChannels = channels;
