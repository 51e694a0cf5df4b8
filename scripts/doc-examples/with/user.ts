class User {
  readonly id = '1';
  readonly name = 'Ann';
  readonly department = 'Books';
  readonly active = true;
  readonly isStaff = false;

  static query() {
    return {
      findById: async (id: string): Promise<User | undefined> => (id === '1' ? new User() : undefined),
      findOne: async (_columns: object): Promise<User | undefined> => undefined,
    };
  }
}

const checkPassword = async (_username: string, password: string): Promise<User | undefined> =>
  password === '' ? undefined : new User();
