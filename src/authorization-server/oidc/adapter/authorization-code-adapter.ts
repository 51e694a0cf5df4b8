import type { AdapterPayload } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import type { CodeRepository } from '../../../storage/index.js';
import type { ApplicationIds } from './application-ids.js';
import type { Exchanges } from './exchange.js';
import type { Families } from './families.js';
import { FamilyAdapter } from './family-adapter.js';
import { consumedAt, familyIdOf, payloadOf, restOf, timesOf } from './payloads.js';
import type { SessionUids } from './session-uids.js';

/** Authorization codes (RFC 6749 §4.1.2). */
export class AuthorizationCodeAdapter extends FamilyAdapter {
  constructor(
    private readonly codes: CodeRepository,
    private readonly applications: ApplicationIds,
    private readonly sessionUids: SessionUids,
    families: Families,
    exchanges: Exchanges,
  ) {
    super(families, exchanges);
  }

  override async upsert(id: string, payload: AdapterPayload): Promise<void> {
    await this.applications.with(payload.clientId, (applicationId) =>
      this.codes.insertAuthorizationCode({
        codeHash: sha256(id),
        applicationId,
        userId: payload.accountId ?? '',
        scope: payload.scope ?? '',
        redirectUri: payload.redirectUri ?? null,
        codeChallenge: payload.codeChallenge ?? null,
        familyId: familyIdOf(payload.grantId),
        ...timesOf(payload),
        payload: restOf(this.sessionUids.sealedIn(payload), 'redirectUri', 'codeChallenge'),
      }),
    );
  }

  override async find(id: string): Promise<AdapterPayload | undefined> {
    const found = await this.codes.findAuthorizationCode(sha256(id));
    if (found === undefined || found.applicationDisabled) return undefined;
    const { row, clientId = '' } = found;
    const payload = payloadOf('AuthorizationCode', id, row, clientId);
    if (payload === undefined) return undefined;
    this.present({ kind: 'AuthorizationCode', value: id, familyId: row.familyId, clientId, userId: row.userId });
    return {
      ...this.sessionUids.openedIn(withoutColumns(payload)),
      ...(row.redirectUri !== null && { redirectUri: row.redirectUri }),
      ...(row.codeChallenge !== null && { codeChallenge: row.codeChallenge }),
      ...consumedAt(row.consumedAtMilliseconds),
    };
  }

  override destroy(id: string): Promise<void> {
    return this.codes.deleteAuthorizationCode(sha256(id));
  }
}

/** What has a column of its own is not taken from the JSON. */
function withoutColumns({ redirectUri: _, codeChallenge: __, consumed: ___, ...rest }: AdapterPayload): AdapterPayload {
  return rest;
}
