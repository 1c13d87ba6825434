// SPDX-License-Identifier: Apache-2.0
package genv.testkit.process;

/**
 * The lines that parent and child exchange over the child's standard input and output, in UTF-8.
 *
 * <pre>
 * child  to parent: {@link #HELLO} pid     once, before the task runs; pid is as the child sees it
 * parent to child:  {@link #START}         once, when the parent knows the child's processes
 * both ways:        {@link #MESSAGE} text  any number
 * child  to parent: {@link #FAILED} text   the task or a thread threw; the stack is on standard error
 * </pre>
 *
 * <p>What else appears on the child's standard output comes from the JVM itself (a thread dump), since the child's
 * {@code System.out} leads to standard error. The end of the child's standard input ends the child.
 */
final class Wire {
    static final String HELLO = "@genv hello ";
    static final String START = "@genv start";
    static final String MESSAGE = "@genv message ";
    static final String FAILED = "@genv failed ";

    private Wire() {}

    /** @throws IllegalArgumentException where the text would not arrive as one line */
    static String requireLine(String text) {
        if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
            throw new IllegalArgumentException("message has more than one line: message=" + text);
        }
        return text;
    }
}
