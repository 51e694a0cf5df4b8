import type { KoaContextWithOIDC } from 'oidc-provider';

/** Sends the parameters of a response to an application in a response mode. */
export type SendResponse = (
  ctx: KoaContextWithOIDC,
  redirectUri: string,
  parameters: Record<string, unknown>,
) => void | Promise<void>;
