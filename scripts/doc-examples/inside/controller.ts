import { JsonController } from 'routing-controllers';

@JsonController()
class ExampleController {
  /* example */
}
void ExampleController;
