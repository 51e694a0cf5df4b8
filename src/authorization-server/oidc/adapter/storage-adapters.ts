import type { Adapter } from 'oidc-provider';
import { sha256 } from '../../../core/digest.js';
import { CodeRepository, FamilyRepository, ServerRecordRepository, SessionRepository } from '../../../storage/index.js';
import { AccessTokenAdapter } from './access-token-adapter.js';
import type { AdapterDependencies } from './adapter-dependencies.js';
import { ApplicationIds } from './application-ids.js';
import { AuthorizationCodeAdapter } from './authorization-code-adapter.js';
import { DeviceCodeAdapter } from './device-code-adapter.js';
import { Exchanges } from './exchange.js';
import { Families } from './families.js';
import { GrantAdapter } from './grant-adapter.js';
import { RecordAdapter } from './record-adapter.js';
import { RefreshTokenAdapter } from './refresh-token-adapter.js';
import { SessionAdapter } from './session-adapter.js';
import { SessionUids } from './session-uids.js';
import { Successors } from './successor.js';
import { TokenLookUps } from './token-look-ups.js';

/** The storage of one provider. */
export interface StorageAdapters {
  /** For oidc-provider's `adapter` option: the adapter of a kind other than `Client`. */
  adapter(kind: string): Adapter;
  readonly exchanges: Exchanges;
  /**
   * Records an identifier that may be used once (of a DPoP proof or a client assertion). Of any number of calls for one
   * identifier, in any number of processes, exactly one resolves to `true`.
   *
   * @param expiresAtSeconds how long it is remembered, in seconds since the Unix epoch
   */
  isFirstUse(issuer: string, id: string, expiresAtSeconds: number): Promise<boolean>;
}

/** Creates the storage of a provider; pass it to `AtomicProvider`. */
export function createStorageAdapters(dependencies: AdapterDependencies): StorageAdapters {
  const { models, tokens, clock, random, sealer } = dependencies;
  const codes = new CodeRepository(models, { clock });
  const records = new ServerRecordRepository(models, { clock });
  const sessions = new SessionRepository(models, { clock });
  const families = new Families(dependencies, tokens, new FamilyRepository(models, tokens, { clock }));
  const exchanges = new Exchanges(dependencies, families, new Successors(sealer, random, dependencies.opaqueTokens));
  const applications = new ApplicationIds(models);
  const lookUps = new TokenLookUps(families.repository);
  const sessionUids = new SessionUids(sealer);

  return {
    adapter(kind) {
      switch (kind) {
        case 'AccessToken':
        case 'ClientCredentials':
          return new AccessTokenAdapter(
            kind,
            dependencies,
            tokens,
            applications,
            lookUps,
            sessionUids,
            families,
            exchanges,
          );
        case 'RefreshToken':
          return new RefreshTokenAdapter(dependencies, applications, lookUps, sessionUids, families, exchanges);
        case 'AuthorizationCode':
          return new AuthorizationCodeAdapter(codes, applications, sessionUids, families, exchanges);
        case 'DeviceCode':
          return new DeviceCodeAdapter(sealer, codes, applications, sessionUids, families, exchanges);
        case 'Session':
          return new SessionAdapter(records, applications, sealer, sessions, clock);
        case 'Grant':
          return new GrantAdapter(records, applications, sealer, families);
        default:
          return new RecordAdapter(kind, records, applications, sealer);
      }
    },
    exchanges,
    isFirstUse: (issuer, id, expiresAtSeconds) =>
      records.insert({
        kind: 'ReplayDetection',
        recordHash: sha256(JSON.stringify([issuer, id])),
        expiresAtMilliseconds: expiresAtSeconds * 1000,
      }),
  };
}
