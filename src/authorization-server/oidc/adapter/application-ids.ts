import { ApplicationRepository, isMissingReference, type OAuth2Models } from '../../../storage/index.js';
import { errors } from '../oidc-provider.js';

/** How many applications are remembered. */
const CAPACITY = 10_000;

/**
 * The row ids of applications by client identifier. They never change, so they are remembered; the database reports a
 * deleted one when a row refers to it.
 */
export class ApplicationIds {
  private readonly ids = new Map<string, number>();
  private readonly applications: ApplicationRepository;

  constructor(models: OAuth2Models) {
    this.applications = new ApplicationRepository(models);
  }

  /** @throws InvalidClient if there is no such application */
  async idOf(clientId: unknown): Promise<number> {
    const id = await this.find(clientId);
    if (id === undefined) throw new errors.InvalidClient('client not found');
    return id;
  }

  async find(clientId: unknown): Promise<number | undefined> {
    if (typeof clientId !== 'string') return undefined;
    const known = this.ids.get(clientId);
    if (known !== undefined) return known;
    const application = await this.applications.findByClientId(clientId);
    if (application === undefined) return undefined;
    if (this.ids.size >= CAPACITY) this.ids.clear();
    this.ids.set(clientId, application.id);
    return application.id;
  }

  /** Runs work that stores rows of an application, and repeats it once if the id belonged to a deleted application. */
  async with<T>(clientId: unknown, work: (applicationId: number) => Promise<T>): Promise<T> {
    const id = await this.idOf(clientId);
    try {
      return await work(id);
    } catch (error) {
      if (!isMissingReference(error)) throw error;
      this.ids.delete(clientId as string);
      return work(await this.idOf(clientId));
    }
  }
}
