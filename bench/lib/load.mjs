import { connect } from 'node:net';

/** An answer that takes longer after the end is none: it is told, and not waited for. */
const PATIENCE_MILLISECONDS = 15_000;

/**
 * Keeps `connections` requests under way for `milliseconds` and counts the answers. Every connection keeps alive and
 * sends its next request when the answer to the last has come. It only looks for the end of each answer, so that it
 * needs much less CPU than the server and never is the bottleneck.
 *
 * @param requestOf gives the bytes of the next request of a connection: (connection, count) => Buffer
 */
export async function load({ port, connections, milliseconds, requestOf }) {
  const stopAt = performance.now() + milliseconds;
  const latencies = [];
  let answers = 0;
  let failures = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: connections }, (_, index) => drive(index)));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((left, right) => left - right);
  const quantile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  return {
    answers,
    failures,
    seconds,
    perSecond: answers / seconds,
    p50Milliseconds: quantile(0.5),
    p99Milliseconds: quantile(0.99),
  };

  function drive(index) {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let count = 0;
      let sentAt = 0;
      let pending = '';
      const giveUp = (why) => {
        clearTimeout(timer);
        socket.destroy();
        const sent = `request ${count} of connection ${index}, sent ${Math.round(performance.now() - sentAt)} ms ago`;
        reject(new Error(`${why}: ${sent}, has ${pending.slice(0, 300) || 'nothing'}.`));
      };
      const timer = setTimeout(giveUp, milliseconds + PATIENCE_MILLISECONDS, 'A request was not answered');
      const send = () => {
        sentAt = performance.now();
        socket.write(requestOf(index, count++));
      };
      socket.on('connect', send);
      socket.on('error', (error) => giveUp(error.message));
      socket.on('end', () => giveUp('The server closed a connection'));
      socket.on('data', (chunk) => {
        pending += chunk.latin1Slice();
        const end = pending.indexOf('\r\n\r\n');
        if (end === -1) return;
        const length = /content-length: (\d+)/i.exec(pending);
        if (length === null || pending.length < end + 4 + Number(length[1])) return;
        if (pending.startsWith('HTTP/1.1 200')) answers += 1;
        else failures += 1;
        pending = '';
        const now = performance.now();
        latencies.push(now - sentAt);
        if (now < stopAt) return send();
        clearTimeout(timer);
        socket.destroy();
        resolve();
      });
    });
  }
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
