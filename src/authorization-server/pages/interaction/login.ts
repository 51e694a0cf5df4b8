import type { Context } from 'koa';
import type { Interaction } from '../../ports.js';
import { seeOther } from '../continuation.js';
import { type RefusedSignIn, showLogin } from '../login-page.js';
import type { PageServices } from '../services.js';

/** Login on the way to an application. */
export class LoginStep {
  constructor(private readonly services: PageServices) {}

  async show(context: Context, interaction: Interaction): Promise<void> {
    const { login, interactions } = this.services.parts;
    if (login === undefined) return this.page(context, interaction, interaction.loginHint ?? '', undefined);
    const userId = await login.userId(context);
    const viewer = userId === undefined ? undefined : await this.services.viewers.of(userId);
    const url =
      viewer === undefined ? login.url(interaction.uid, context) : await interactions.finishLogin(context, viewer.id);
    seeOther(context, url);
  }

  async take(context: Context, interaction: Interaction): Promise<void> {
    const { forms, passwords, continuation, parts } = this.services;
    const fields = await forms.take(context, this.subject(interaction));
    if (fields.value('decision') === 'deny') {
      return continuation.goOn(context, await parts.interactions.refuse(context));
    }
    const result = await passwords.check(context, fields);
    if (!('userId' in result)) return this.page(context, interaction, fields.value('username'), result);
    continuation.goOn(context, await parts.interactions.finishLogin(context, result.userId));
  }

  private page(
    context: Context,
    interaction: Interaction,
    username: string,
    result: RefusedSignIn | undefined,
  ): Promise<void> {
    const { forms, parts } = this.services;
    const action = `${parts.prefix}/interaction/${encodeURIComponent(interaction.uid)}`;
    const { clientId, name } = interaction.application;
    return showLogin(this.services, context, result, {
      form: forms.make(context, action, this.subject(interaction)),
      username,
      application: { clientId, name },
      notice: undefined,
      refuseForm: forms.make(context, action, this.subject(interaction), { decision: 'deny' }),
    });
  }

  private subject({ uid }: Interaction) {
    return { purpose: `login ${uid}`, userId: undefined };
  }
}
