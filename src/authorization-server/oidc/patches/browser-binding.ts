import type { Context } from 'koa';
import type { Provider, Interaction as StoredInteraction } from 'oidc-provider';
import { equalInConstantTime, sha256 } from '../../../core/digest.js';
import type { BrowserCookie } from '../../browsers/browser-cookie.js';
import { currentState } from '../inner-state.js';
import { withinPayload } from './payload-members.js';
import { requireMethods } from './require-methods.js';

/** Members of an interaction besides those of oidc-provider. */
interface WithBrowser {
  /** SHA-256 of the secret of the browser that began it. */
  browser?: string;
}

/**
 * Binds interactions to the browser that began them (RFC 9700 §4.7): neither its address, sent to somebody, nor a cookie
 * that somebody planted lets another browser take a step in it.
 *
 * Patched: `Interaction.find` and `Interaction.prototype.save`, which know an interaction by its identifier alone.
 * Written for: oidc-provider 9.13
 * Proven by: `test/spec/rfc9700/browser-binding.test.ts`
 */
export class BrowserBinding {
  constructor(private readonly browsers: BrowserCookie) {}

  /** Whether this browser began the interaction. */
  isOf(context: Context, interaction: StoredInteraction): boolean {
    const { browser } = interaction as StoredInteraction & WithBrowser;
    const secret = this.browsers.of(context);
    return browser !== undefined && secret !== undefined && equalInConstantTime(digestOf(secret), browser);
  }

  /** Binds what a provider stores, and hides from its endpoints what is not bound to the requesting browser. */
  bind({ Interaction }: Provider): void {
    requireMethods(Interaction, 'Interaction', ['find']);
    requireMethods(Interaction.prototype, 'Interaction.prototype', ['save']);
    withinPayload(Interaction, ['browser']);
    const { browsers } = this;
    const isOf = this.isOf.bind(this);
    const { find } = Interaction;
    Interaction.find = async function findOwn(this: typeof Interaction, ...values: Parameters<typeof find>) {
      const interaction = await find.apply(this, values);
      const state = currentState();
      if (interaction === undefined || state === undefined) return interaction;
      return isOf(state.outer, interaction as StoredInteraction) ? interaction : undefined;
    } as typeof find;
    const prototype = Interaction.prototype as StoredInteraction & WithBrowser;
    const { save } = prototype;
    prototype.save = function saveBound(this: typeof prototype, lifetimeSeconds: number) {
      const state = currentState();
      if (this.browser === undefined && state !== undefined) this.browser = digestOf(browsers.ensure(state.outer));
      return save.call(this, lifetimeSeconds);
    };
  }
}

function digestOf(secret: string): string {
  return sha256(secret).toString('base64url');
}
