import { isDocumentUrl } from '../../../core/document-url.js';
import { MetadataDocuments } from '../../clients/documents/metadata-documents.js';
import type { ServerContext } from '../../server-context.js';
import type { EndpointRequest, Step } from '../endpoint-request.js';
import { parameter } from '../request/parameters.js';
import { claimedClientId } from '../request/presented-client.js';

/** The steps that read the metadata document of an application whose client identifier is the URL of one. */
export interface DocumentSteps {
  /** Where an application begins something: what its document said must not have expired. */
  readonly readDocument: Step;
  /** Where it goes on: if the document cannot be read, what it said before holds for a week. */
  readonly refreshDocument: Step;
}

/** Creates the steps; they do nothing unless the option `clientMetadataDocuments` is set. */
export function documentSteps({ settings, dependencies }: ServerContext): DocumentSteps {
  const options = settings.clientMetadataDocuments;
  if (options === undefined) return { readDocument: goOn, refreshDocument: goOn };
  const documents = new MetadataDocuments(settings, options, dependencies);
  const reading =
    (mayBeOutdated: boolean): Step =>
    (request, next) => {
      const clientId = namedClient(request);
      if (clientId === undefined || !isDocumentUrl(clientId)) return next(request);
      return documents.provide(request.outer, clientId, mayBeOutdated).then(() => next(request));
    };
  return { readDocument: reading(false), refreshDocument: reading(true) };
}

const goOn: Step = (request, next) => next(request);

function namedClient({ outer, endpoint, read }: EndpointRequest): string | undefined {
  if (endpoint.caller === 'program') return claimedClientId(outer, read.parameters);
  return parameter(read.query, 'client_id') ?? parameter(read.parameters, 'client_id');
}
