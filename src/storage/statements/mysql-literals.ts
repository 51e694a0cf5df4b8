/**
 * A MySQL statement with its values as literals. Strings and bytes are written in hexadecimal, so that they cannot end
 * a literal, whatever the server's `sql_mode` and the connection's character set.
 *
 * @param sql with `?` in place of values, and nowhere else
 * @throws TypeError for a value that is neither a string, bytes, a whole number nor null
 */
export function withLiterals(sql: string, values: readonly unknown[]): string {
  let next = 0;
  const complete = sql.replace(/\?/g, () => literal(values[next++]));
  if (next !== values.length) throw new TypeError(`The statement has ${next} places for ${values.length} values.`);
  return complete;
}

function literal(value: unknown): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `_utf8mb4 X'${Buffer.from(value, 'utf8').toString('hex')}'`;
  if (Buffer.isBuffer(value)) return `X'${value.toString('hex')}'`;
  if (Number.isSafeInteger(value)) return String(value);
  throw new TypeError(`A ${typeof value} cannot be part of this statement.`);
}
