import type { Context } from 'koa';
import { Controller, Ctx, Get } from 'routing-controllers';
import { Public } from 'routing-controllers-oauth2';
import { Service } from 'typedi';
import { Home } from '../demo/home.js';
import { homePage } from '../demo/home-page.js';

/** The page for people who open the bookstore in a browser. */
@Service()
@Public()
@Controller()
export class HomeController {
  constructor(private readonly home: Home) {}

  @Get('/')
  async show(@Ctx() context: Context): Promise<string> {
    return homePage(context, await this.home.modelFor(context));
  }
}
