import { onwardOf, pageLinksOf, UserAgent, type Visit } from './user-agent.js';

/** A browser that follows redirects between the servers of a test. It stops where it is sent anywhere else. */
export class TravellingBrowser {
  private readonly agents: ReadonlyMap<string, UserAgent>;

  constructor(origins: readonly string[]) {
    this.agents = new Map(origins.map((origin) => [origin, new UserAgent(origin)]));
  }

  get(url: string): Promise<Visit> {
    return this.travel(this.at(url).get(url));
  }

  /** Sends the form of a page that has these fields or buttons. */
  submit(visit: Visit, values: Readonly<Record<string, string>>): Promise<Visit> {
    return this.travel(this.at(visit.url).submit(visit, values));
  }

  /** Follows the first link of a page that leads to such a path. */
  follow(visit: Visit, path: string): Promise<Visit> {
    const link = pageLinksOf(visit).find((href) => href.split('?', 1)[0] === path);
    if (link === undefined) throw new Error(`No link to ${path} on: ${visit.body}`);
    return this.get(new URL(link, visit.url).href);
  }

  /** The browser as one server knows it: it follows redirects within this server only. */
  at(url: string): UserAgent {
    const agent = this.agents.get(new URL(url).origin);
    if (agent === undefined) throw new Error(`No server of this test is at ${url}.`);
    return agent;
  }

  private async travel(departed: Promise<Visit>): Promise<Visit> {
    let visit = await departed;
    for (let onward = onwardOf(visit); onward !== undefined; onward = onwardOf(visit)) {
      const agent = this.agents.get(new URL(onward).origin);
      if (agent === undefined) return visit;
      visit = await agent.get(onward);
    }
    return visit;
  }
}
