import type { Context } from 'koa';
import type { Interaction } from '../../ports.js';
import type { PageServices } from '../page-services.js';
import { shownApplication } from '../rendering/shown-application.js';
import { type RefusedSignIn, showLogin } from '../sign-in/login-page.js';

/** Login with user name and password on the way to an application. */
export class LoginStep {
  constructor(private readonly services: PageServices) {}

  async show(context: Context, interaction: Interaction): Promise<void> {
    await this.page(context, interaction, interaction.loginHint ?? '', undefined);
  }

  async take(context: Context, interaction: Interaction): Promise<void> {
    const { forms, passwords, continuation, dependencies } = this.services;
    const fields = await forms.take(context, this.subject(interaction));
    if (fields.value('decision') === 'deny') {
      return continuation.goOn(context, await dependencies.interactions.refuse(context));
    }
    const mark = await dependencies.signIns.mark();
    const result = await passwords.check(context, fields);
    if (!('userId' in result)) return this.page(context, interaction, fields.value('username'), result);
    const url = await dependencies.interactions.finishLogin(
      context,
      result.userId,
      dependencies.clock.nowMilliseconds(),
      mark,
    );
    continuation.goOn(context, url);
  }

  private page(
    context: Context,
    interaction: Interaction,
    username: string,
    result: RefusedSignIn | undefined,
  ): Promise<void> {
    const { forms, dependencies } = this.services;
    const action = `${dependencies.prefix}/interaction/${encodeURIComponent(interaction.uid)}`;
    return showLogin(this.services, context, result, {
      form: forms.make(context, action, this.subject(interaction)),
      username,
      application: shownApplication(interaction.application),
      notice: undefined,
      refuseForm: forms.make(context, action, this.subject(interaction), { decision: 'deny' }),
    });
  }

  private subject({ uid }: Interaction) {
    return { purpose: `login ${uid}`, userId: undefined };
  }
}
