import mysql from 'mysql2/promise';
import { Provider } from 'oidc-provider';

/**
 * What a host would write with oidc-provider alone: the adapter of its documentation, on one table, with prepared
 * statements of mysql2. Secrets and tokens are stored in plain text; nothing is counted or throttled.
 */
const TABLE = `CREATE TABLE IF NOT EXISTS bare_records (
  kind VARCHAR(32) NOT NULL,
  id VARCHAR(128) NOT NULL,
  grant_id VARCHAR(64),
  uid VARCHAR(64),
  user_code VARCHAR(32),
  payload LONGTEXT NOT NULL,
  consumed_at BIGINT,
  expires_at BIGINT,
  PRIMARY KEY (kind, id), KEY (grant_id), KEY (uid), KEY (user_code)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

function adapterOn(pool) {
  const UPSERT = `INSERT INTO bare_records (kind, id, grant_id, uid, user_code, payload, expires_at)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE payload = VALUES(payload), expires_at = VALUES(expires_at)`;
  const first = async (where, values) => {
    const [[row]] = await pool.execute(`SELECT payload, consumed_at FROM bare_records WHERE ${where}`, values);
    return row && { ...JSON.parse(row.payload), ...(row.consumed_at && { consumed: row.consumed_at }) };
  };
  return (kind) => ({
    async upsert(id, payload, expiresIn) {
      const { grantId = null, uid = null, userCode = null } = payload;
      const expiresAt = expiresIn === undefined ? null : Math.floor(Date.now() / 1000) + expiresIn;
      await pool.execute(UPSERT, [kind, id, grantId, uid, userCode, JSON.stringify(payload), expiresAt]);
    },
    find: (id) => first('kind = ? AND id = ?', [kind, id]),
    findByUid: (uid) => first('kind = ? AND uid = ?', [kind, uid]),
    findByUserCode: (userCode) => first('kind = ? AND user_code = ?', [kind, userCode]),
    async consume(id) {
      const now = Math.floor(Date.now() / 1000);
      await pool.execute('UPDATE bare_records SET consumed_at = ? WHERE kind = ? AND id = ?', [now, kind, id]);
    },
    async destroy(id) {
      await pool.execute('DELETE FROM bare_records WHERE kind = ? AND id = ?', [kind, id]);
    },
    async revokeByGrantId(grantId) {
      await pool.execute('DELETE FROM bare_records WHERE grant_id = ?', [grantId]);
    },
  });
}

/** A bare provider on a database, with one client in it, for the grant client_credentials and for introspection. */
export async function bareOidcProvider(database, { clientId, clientSecret, scope, issuer, jwks }) {
  const pool = mysql.createPool({ uri: database, connectionLimit: 10 });
  await pool.query(TABLE);
  const adapter = adapterOn(pool);
  await adapter('Client').upsert(clientId, {
    client_id: clientId,
    client_secret: clientSecret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    scope,
  });
  const provider = new Provider(issuer, {
    adapter,
    jwks,
    scopes: [scope],
    ttl: { ClientCredentials: 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
    },
  });
  return { handler: provider.callback(), close: () => pool.end() };
}
