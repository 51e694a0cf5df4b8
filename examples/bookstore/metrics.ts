import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { OAuth2 } from 'routing-controllers-oauth2';
import { registerMetrics } from 'routing-controllers-oauth2/prometheus';

/** Where the metrics are served, apart from the bookstore itself, so that no proxy publishes them by accident. */
export interface MetricsSettings {
  readonly port: number;
  readonly host: string;
}

/** The metrics of this process, at `/metrics` on a port of their own, for Prometheus. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly server: Server;

  constructor(oauth2: OAuth2) {
    collectDefaultMetrics({ register: this.registry });
    registerMetrics(oauth2, this.registry);
    this.server = createServer((request, response) => {
      if (request.url !== '/metrics' || request.method !== 'GET') {
        response.writeHead(404).end();
        return;
      }
      this.registry.metrics().then(
        (text) => response.writeHead(200, { 'Content-Type': this.registry.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
  }

  /** Resolves to the URL of the metrics. */
  async listen({ port, host }: MetricsSettings): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, host, resolve);
    });
    const address = this.server.address();
    const chosen = typeof address === 'object' && address !== null ? address.port : port;
    return `http://${host.includes(':') ? `[${host}]` : host}:${chosen}/metrics`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
