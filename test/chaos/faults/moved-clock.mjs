// Loaded before everything else in a process whose clock a test moves: `new Date()` and `Date.now()` are off by what the
// parent says. The monotonic clock goes on, as it does when the clock of a machine is set.
const RealDate = Date;
let offset = 0;

class MovedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + offset);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + offset;
  }
}
globalThis.Date = MovedDate;

process.on('message', (message) => {
  if (typeof message?.moveClockMilliseconds === 'number') offset = message.moveClockMilliseconds;
});
