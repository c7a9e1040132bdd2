import { ProblemException } from '../shared/http/errors/problem.exception.js';

export class EmailTakenException extends ProblemException {
  constructor() {
    super('email_taken', 409, 'This e-mail address is already in use.');
  }
}

export class UserNotFoundException extends ProblemException {
  constructor() {
    super('user_not_found', 404, 'There is no such user.');
  }
}
