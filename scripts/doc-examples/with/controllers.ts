const controllers: Function[] = [];
