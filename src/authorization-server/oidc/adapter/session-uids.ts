import type { AdapterPayload } from 'oidc-provider';
import { SealedValueError, type Sealer } from '../../keys/sealer.js';

/**
 * The session that a code or token came from, named in its payload. It is only needed where tokens end with the session;
 * then it is sealed, else left out.
 */
export class SessionUids {
  constructor(private readonly sealer: Sealer) {}

  sealedIn(payload: AdapterPayload): AdapterPayload {
    const { sessionUid, ...rest } = payload;
    if (sessionUid === undefined || payload.expiresWithSession !== true) return rest;
    return { ...rest, sessionUid: this.sealer.seal(sessionUid, contextOf(payload)) };
  }

  openedIn(payload: AdapterPayload): AdapterPayload {
    const { sessionUid, ...rest } = payload;
    if (sessionUid === undefined) return payload;
    try {
      return { ...rest, sessionUid: this.sealer.open(sessionUid, contextOf(payload)) };
    } catch (error) {
      if (!(error instanceof SealedValueError)) throw error;
      // No session has no name: the token ends, as it does with its session.
      return rest;
    }
  }
}

function contextOf(payload: AdapterPayload): string {
  return `session-uid:${String(payload.grantId)}`;
}
