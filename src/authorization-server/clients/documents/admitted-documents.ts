import { documentHostOf } from '../../../core/document-url.js';
import type { Application } from '../../../storage/index.js';
import type { Settings } from '../../options/authorization-server-options.js';

/**
 * Whether an application may act as far as its metadata document goes: documents are on, and its host is still listed.
 * Other applications always may.
 */
export function admittedDocuments({
  clientMetadataDocuments: options,
}: Pick<Settings, 'clientMetadataDocuments'>): (application: Application) => boolean {
  return (application) => {
    const host = documentHostOf(application);
    return host === undefined || options?.admitsHost(host) === true;
  };
}
