import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Application, ApplicationRepository } from '../../storage/index.js';
import type { DescribeClient } from '../clients/client-application.js';
import type { FindApplication } from '../clients/find-application.js';
import { clientMetadata } from './client-metadata.js';
import { currentState } from './inner-state.js';

/**
 * Finds each application once per request.
 *
 * @param admits whether an application that is not disabled may act
 */
export function applicationFinder(
  applications: ApplicationRepository,
  admits: (application: Application) => boolean,
): FindApplication {
  const find = async (clientId: string) => {
    const application = await applications.findByClientId(clientId);
    return application === undefined || application.isDisabled() || !admits(application) ? undefined : application;
  };
  return (clientId) => {
    const known = currentState()?.applications;
    if (known === undefined) return find(clientId);
    const found = known.get(clientId) ?? find(clientId);
    known.set(clientId, found);
    return found;
  };
}

/** Provides oidc-provider with the applications. It only reads them, except those that register themselves. */
export function clientAdapter(
  find: FindApplication,
  describe: DescribeClient,
  register: (metadata: AdapterPayload) => Promise<void>,
): Adapter {
  const readOnly = () => Promise.reject(new Error('Applications are written by their repository.'));
  return {
    async find(clientId) {
      const application = await find(clientId);
      return application === undefined ? undefined : (clientMetadata(application, describe) as AdapterPayload);
    },
    upsert: (_clientId, metadata) => register(metadata),
    destroy: readOnly,
    consume: readOnly,
    findByUserCode: readOnly,
    findByUid: readOnly,
    revokeByGrantId: readOnly,
  };
}
