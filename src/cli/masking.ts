/** What stands in place of a password or token. */
const MASK = '***';

/** `scheme://user:password@`, anywhere in a text; the password may itself hold `@`, `/` or `:`. */
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:)[^\s]*@/gi;

/** `?password=…` and its like, anywhere in a text. */
const PARAMETERS = /([?&](?:password|passwd|pass|pwd|auth|token|secret)=)[^\s&#]*/gi;

/** Hides the passwords of all URLs in a text. */
export function maskUrls(text: string): string {
  return text.replace(CREDENTIALS, `$1${MASK}@`).replace(PARAMETERS, `$1${MASK}`);
}

/**
 * The passwords that a URL holds, as written and decoded, to be removed from what a driver says.
 *
 * Read by pattern and not by `URL`, so that a malformed URL gives its password away as little as a good one.
 */
export function secretsOf(url: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/?#:@]*:(.*)@/is.exec(url)?.[1];
  const parameters = [...url.matchAll(PARAMETERS)].map((match) => match[0].slice(match[1]?.length ?? 0));
  return [...(password === undefined ? [] : [password]), ...parameters].flatMap((secret) => [secret, decoded(secret)]);
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/**
 * Removes secrets from a text. Very short ones are left to `maskUrls`: removing every `a` of a message would hide the
 * message and not the secret.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length > 3)
    .sort((left, right) => right.length - left.length)
    .reduce((result, secret) => result.replaceAll(secret, MASK), maskUrls(text));
}
