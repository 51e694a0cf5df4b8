import { InvalidArgumentError } from 'commander';

/** Properties of the package's own columns, which have their own options or must not be written by an operator. */
const OWN =
  /^(?:id|clientId|clientType|clientSecret\w*|previous\w*Secret\w*|name|grantTypes|redirectUris|postLogoutRedirectUris|jwks|jwksUri|scope|userId|skipAuthorization|mayIntrospect|\w*(?:Lifetime|Idle)Seconds|dpop\w*|require\w*|default\w*|idToken\w*|tokenEndpoint\w*|registeredBy|approved\w*|\w+At(?:Ms|Milliseconds))$/i;

/** Reads the columns that a host added, by the names of their properties. */
export function extraColumns(value: string): Readonly<Record<string, unknown>> {
  let columns: unknown;
  try {
    columns = JSON.parse(value);
  } catch {
    columns = undefined;
  }
  if (typeof columns !== 'object' || columns === null || Array.isArray(columns)) {
    throw new InvalidArgumentError('Give a JSON object, e.g. \'{"tenantId": "books"}\'.');
  }
  const own = Object.keys(columns).filter((name) => OWN.test(name.replaceAll('_', '')));
  if (own.length > 0)
    throw new InvalidArgumentError('It names a column of this package; give only columns that you added.');
  return columns as Record<string, unknown>;
}
