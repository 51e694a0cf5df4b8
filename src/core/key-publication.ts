/** How long a signing key is published after it signed last, in seconds: nothing that it signs may live longer. */
export const KEYS_PUBLISH_SECONDS = 30 * 86_400;
