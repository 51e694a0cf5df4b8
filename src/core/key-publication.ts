/**
 * How long a signing key stays published after it was last used to sign, in seconds. Nothing that it signed may live
 * longer.
 */
export const KEYS_PUBLISH_SECONDS = 30 * 86_400;
