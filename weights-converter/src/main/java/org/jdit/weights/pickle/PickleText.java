package org.jdit.weights.pickle;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.jdit.weights.pickle.PickleValue.Scalar;

/** The arguments of protocol 0, which are lines of text. */
final class PickleText {
  private PickleText() {}

  static BigInteger integer(PickleInput in) {
    String line = in.numberLine();
    try {
      return new BigInteger(line.endsWith("L") ? line.substring(0, line.length() - 1) : line);
    } catch (NumberFormatException e) {
      throw in.bad("has a malformed number");
    }
  }

  /** {@code I01} and {@code I00} are how protocol 0 writes True and False. */
  static Scalar integerOrBoolean(PickleInput in) {
    String line = in.numberLine();
    return switch (line) {
      case "00" -> new Scalar(false);
      case "01" -> new Scalar(true);
      default -> new Scalar(parseLong(line, in));
    };
  }

  static long index(PickleInput in) {
    return parseLong(in.numberLine(), in);
  }

  private static long parseLong(String line, PickleInput in) {
    try {
      return Long.parseLong(line);
    } catch (NumberFormatException e) {
      throw in.bad("has a malformed number");
    }
  }

  static double real(PickleInput in) {
    String line = in.numberLine();
    try {
      return switch (line) {
        case "inf" -> Double.POSITIVE_INFINITY;
        case "-inf" -> Double.NEGATIVE_INFINITY;
        case "nan" -> Double.NaN;
        default -> Double.parseDouble(line);
      };
    } catch (NumberFormatException e) {
      throw in.bad("has a malformed number");
    }
  }

  /** A string in raw-unicode-escape: only {@code \}{@code uXXXX} and {@code \UXXXXXXXX}. */
  static String unicode(PickleInput in) {
    return unescape(in.line(StandardCharsets.ISO_8859_1), false, in);
  }

  /** A string as Python's repr writes it, in quotes. */
  static String quoted(PickleInput in) {
    String line = in.line(StandardCharsets.ISO_8859_1).strip();
    int n = line.length();
    if (n < 2 || line.charAt(0) != line.charAt(n - 1) || "'\"".indexOf(line.charAt(0)) < 0) {
      throw in.bad("has a string without quotes");
    }
    return unescape(line.substring(1, n - 1), true, in);
  }

  private static String unescape(String s, boolean repr, PickleInput in) {
    StringBuilder out = new StringBuilder(s.length());
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c != '\\' || i + 1 == s.length()) {
        out.append(c);
        continue;
      }
      char kind = s.charAt(++i);
      int digits =
          switch (kind) {
            case 'u' -> repr ? 0 : 4;
            case 'U' -> repr ? 0 : 8;
            case 'x' -> repr ? 2 : 0;
            default -> 0;
          };
      if (digits > 0) {
        out.appendCodePoint(hex(s, i + 1, digits, in));
        i += digits;
      } else if (repr && "\\'\"ntr".indexOf(kind) >= 0) {
        out.append("\\'\"\n\t\r".charAt("\\'\"ntr".indexOf(kind)));
      } else {
        out.append(c).append(kind);
      }
    }
    return out.toString();
  }

  private static int hex(String s, int from, int digits, PickleInput in) {
    int code = -1;
    if (from + digits <= s.length()) {
      try {
        code = Integer.parseUnsignedInt(s, from, from + digits, 16);
      } catch (NumberFormatException e) {
        throw in.bad("has a malformed escape in a string");
      }
    }
    if (!Character.isValidCodePoint(code)) {
      throw in.bad("has a malformed escape in a string");
    }
    return code;
  }
}
