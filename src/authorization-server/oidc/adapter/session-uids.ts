import type { AdapterPayload } from 'oidc-provider';
import { SealedValueError, type Sealer } from '../../keys/sealer.js';

/**
 * The session of a code or token, named in its payload. It is needed only if tokens end with the session; then it is
 * encrypted, otherwise omitted.
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
      // A value that cannot be decrypted names no session: the token ends, as it would with its session.
      return rest;
    }
  }
}

function contextOf(payload: AdapterPayload): string {
  return `session-uid:${String(payload.grantId)}`;
}
