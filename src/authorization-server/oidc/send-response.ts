import type { KoaContextWithOIDC } from 'oidc-provider';

/** Sends the parameters of a response to an application, in one of the response modes. */
export type SendResponse = (
  ctx: KoaContextWithOIDC,
  redirectUri: string,
  parameters: Record<string, unknown>,
) => void | Promise<void>;
