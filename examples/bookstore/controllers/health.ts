import { Get, JsonController } from 'routing-controllers';
import { Public } from 'routing-controllers-oauth2';
import { Service } from 'typedi';

@Service()
@Public()
@JsonController()
export class HealthController {
  @Get('/health')
  health() {
    return { status: 'ok' };
  }
}
