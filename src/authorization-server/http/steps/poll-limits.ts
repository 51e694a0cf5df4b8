import { sha256Key } from '../../../core/digest.js';
import { after } from '../../../core/promises.js';
import type { ServerContext } from '../../server-context.js';
import type { Step } from '../endpoint-request.js';
import { BadRequest } from '../request/bad-request.js';
import { parameter } from '../request/parameters.js';

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Tells a device that polls too often to slow down (RFC 8628 §3.5). The step throws BadRequest. */
export function limitPolls({ settings, dependencies }: ServerContext): Step {
  const { devicePollingSeconds } = settings;
  if (devicePollingSeconds <= 0) return (request, next) => next(request);
  // One second less than the interval announced to devices, so that none is refused because its clock is slightly fast.
  const windowSeconds = Math.max(1, devicePollingSeconds - 1);
  const polls = dependencies.throttle('device-polling', `1/${windowSeconds}s`);
  return (request, next) => {
    const { parameters } = request.read;
    const isPoll = parameter(parameters, 'grant_type') === DEVICE_CODE_GRANT;
    const deviceCode = isPoll ? parameter(parameters, 'device_code') : undefined;
    if (deviceCode === undefined) return next(request);
    return after(polls(sha256Key(deviceCode)), ({ allowed, unavailable }) => {
      if (!allowed && !unavailable) throw new BadRequest('the device asks too often', 'slow_down');
      return next(request);
    });
  };
}
