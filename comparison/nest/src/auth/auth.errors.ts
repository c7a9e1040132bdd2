import { ProblemException } from '../shared/http/errors/problem.exception.js';

const challenge = { 'www-authenticate': 'Bearer' };

/** The same for an unknown address, a wrong password and a disabled user: nobody learns who has an account. */
export class InvalidCredentialsException extends ProblemException {
  constructor() {
    const title = 'The e-mail address or the password is wrong.';
    super('invalid_credentials', 401, title, {}, title, challenge);
  }
}

/** The same whatever is wrong with it. */
export class InvalidRefreshTokenException extends ProblemException {
  constructor() {
    const title = 'The refresh token is not valid any more: log in again.';
    super('invalid_refresh_token', 401, title, {}, title, challenge);
  }
}
