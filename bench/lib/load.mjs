import { connect } from 'node:net';

/** A response that takes longer than this after the end is reported as missing. */
const PATIENCE_MILLISECONDS = 15_000;
const SINGLE_MILLISECONDS = 1000;

/**
 * Opens `connections` keep-alive connections that stay open from slice to slice, so that a slice measures requests and
 * not connections. It only looks for the end of each answer: it needs much less CPU than a server and is not the
 * bottleneck.
 *
 * @param requestOf gives the bytes of the next request of a connection: (connection, count) => Buffer
 * @param statuses those of the answers that are expected
 */
export async function openLoad({ port, connections, requestOf, statuses = [200] }) {
  const lines = await Promise.all(
    Array.from({ length: connections }, (_, index) => openLine(port, index, requestOf, statuses)),
  );
  return {
    /**
     * Keeps a request under way on every connection, and counts what is answered in the `milliseconds` that begin once
     * `rampMilliseconds` are over. `answered` is all that was answered, before and after them too.
     */
    async slice(milliseconds, rampMilliseconds = 0) {
      const from = performance.now() + rampMilliseconds;
      const count = { from, until: from + milliseconds, latencies: [], failures: 0, answered: 0 };
      await Promise.all(lines.map((line) => line.drive(count)));
      const latencies = count.latencies.sort((left, right) => left - right);
      const quantile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
      return {
        failures: count.failures,
        answered: count.answered,
        perSecond: (latencies.length / milliseconds) * 1000,
        p50Milliseconds: quantile(0.5),
        p99Milliseconds: quantile(0.99),
      };
    },
    close() {
      for (const line of lines) line.close();
    },
  };
}

async function openLine(port, index, requestOf, statuses) {
  const expected = statuses.map((status) => `HTTP/1.1 ${status}`);
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let sent = 0;
  let sentAt = 0;
  let pending = '';
  let broken;
  let driven;
  const breakOff = (why) => {
    const request = `request ${sent} of connection ${index}, sent ${Math.round(performance.now() - sentAt)} ms ago`;
    broken ??= new Error(`${why}: ${request}, has ${pending.slice(0, 300) || 'nothing'}.`);
    socket.destroy();
    driven?.reject(broken);
  };
  const send = () => {
    sentAt = performance.now();
    socket.write(requestOf(index, sent++));
  };
  socket.on('error', (error) => breakOff(error.message));
  socket.on('end', () => breakOff('The server closed a connection'));
  socket.on('data', (chunk) => {
    pending += chunk.latin1Slice();
    const end = pending.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /content-length: (\d+)/i.exec(pending);
    if (length === null || pending.length < end + 4 + Number(length[1])) return;
    const { count, resolve } = driven;
    const now = performance.now();
    count.answered += 1;
    if (!expected.some((beginning) => pending.startsWith(beginning))) count.failures += 1;
    else if (now >= count.from && now < count.until) count.latencies.push(now - sentAt);
    pending = '';
    if (now < count.until) send();
    else resolve();
  });
  return {
    async drive(count) {
      if (broken !== undefined) throw broken;
      const patience = count.until - performance.now() + PATIENCE_MILLISECONDS;
      const timer = setTimeout(breakOff, patience, 'A request was not answered');
      try {
        await new Promise((resolve, reject) => {
          driven = { count, resolve, reject };
          send();
        });
      } finally {
        clearTimeout(timer);
        driven = undefined;
      }
    },
    close() {
      socket.removeAllListeners('end');
      socket.destroy();
    },
  };
}

/**
 * Warms a server up: first with one connection, like an application that has just started, so that caches are filled
 * before many requests arrive at once; then with all.
 *
 * If many requests of a fresh guarded server wait together, V8 may decide to allocate some objects in the old
 * generation from then on (pretenuring), which costs the garbage collector time with each request. After a start under
 * full load, chance would decide about that, differently in each process.
 */
export async function warmUp(load, { port, requestOf, statuses }, milliseconds) {
  const single = await openLoad({ port, connections: 1, requestOf, statuses });
  await single.slice(SINGLE_MILLISECONDS);
  single.close();
  await load.slice(milliseconds);
}

/** The bytes of a GET request. */
export function getRequest(path, token) {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${authorization}\r\n`);
}

/** The bytes of a POST request with a form, by a client with HTTP Basic. */
export function postRequest(path, form, { clientId, clientSecret }) {
  const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const body = new URLSearchParams(form).toString();
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${credentials}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
