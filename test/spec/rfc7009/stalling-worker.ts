/** A process with a guarded action whose look-ups stall in the user store when its parent says so. It ends with its parent. */
import 'reflect-metadata';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Authorized, Get, JsonController } from 'routing-controllers';
import { silentLogger } from '../../../src/core/logger.js';
import { createOAuth2 } from '../../../src/public/index.js';
import { KEEP_ALIVE_MILLISECONDS } from '../../support/http.js';
import type { StallingSettings, ToParent, ToWorker } from './stalling-protocol.js';

process.once('disconnect', () => process.exit());

const settings = JSON.parse(process.argv[2] as string) as StallingSettings;
const tell = (message: ToParent) => process.send?.(message);

@JsonController('/guarded')
class Guarded {
  @Authorized('read')
  @Get()
  get() {
    return { ok: true };
  }
}

/** How many of the next loads of a user stall, and those that do. */
let toStall = 0;
const stalled: (() => void)[] = [];

const oauth2 = createOAuth2({
  ...settings,
  users: {
    async findById(id) {
      if (toStall > 0) {
        toStall -= 1;
        await new Promise<void>((resolve) => {
          stalled.push(resolve);
          tell({ stalled: stalled.length });
        });
      }
      return { id };
    },
    isActive: () => true,
  },
  logger: silentLogger,
});

process.on('message', (message: ToWorker) => {
  if (message === 'stall') toStall += 1;
  else for (const goOn of stalled.splice(0)) goOn();
});

await oauth2.ready();
const server = createServer(
  { keepAliveTimeout: KEEP_ALIVE_MILLISECONDS },
  oauth2.createKoaServer({ controllers: [Guarded] }).callback(),
);
server.listen(0, '127.0.0.1', () => tell({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
