// SPDX-License-Identifier: Apache-2.0
package genv.nvml;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What {@code nvml_abi.h} declares, read with as much of C's grammar as it uses. */
record NvmlAbiHeader(
        Map<String, List<Member>> structs,
        Map<String, Function> functions,
        Map<String, Integer> constants,
        List<String> versionMacros) {
    static final Path DIRECTORY = Path.of("src", "main", "native");
    static final Path FILE = DIRECTORY.resolve("nvml_abi.h");

    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/", Pattern.DOTALL);
    private static final Pattern STRUCT = Pattern.compile("typedef struct \\{(.*?)\\} (\\w+);", Pattern.DOTALL);
    private static final Pattern FUNCTION =
            Pattern.compile("typedef ([\\w ]+?\\*?)\\s*\\(\\*(\\w+)_fn\\)\\(([^)]*)\\);", Pattern.DOTALL);
    private static final Pattern ENUM = Pattern.compile("enum \\{(.*?)\\};", Pattern.DOTALL);
    private static final Pattern ENUM_CONSTANT = Pattern.compile("(\\w+) = (\\d+)");
    private static final Pattern DEFINE = Pattern.compile("#define (\\w+) (\\d+)\\n");
    private static final Pattern VERSION_MACRO = Pattern.compile("#define (\\w+) NVML_STRUCT_VERSION\\(");
    private static final Pattern MEMBER = Pattern.compile("(.*?[ *])(\\w+)(\\[(\\w+)\\])?");

    /** A member of a struct; length 1 where it is no array. */
    record Member(String type, String name, int length) {}

    /** A function's types, in C. */
    record Function(String returned, List<String> parameters) {}

    static NvmlAbiHeader read() throws IOException {
        String text = COMMENT.matcher(Files.readString(FILE)).replaceAll("");
        Map<String, Integer> constants = new LinkedHashMap<>();
        each(DEFINE, text, match -> constants.put(match.group(1), Integer.valueOf(match.group(2))));
        each(
                ENUM,
                text,
                values -> each(
                        ENUM_CONSTANT,
                        values.group(1),
                        match -> constants.put(match.group(1), Integer.valueOf(match.group(2)))));
        Map<String, List<Member>> structs = new LinkedHashMap<>();
        each(STRUCT, text, match -> structs.put(match.group(2), members(match.group(1), constants)));
        Map<String, Function> functions = new LinkedHashMap<>();
        each(
                FUNCTION,
                text,
                match -> functions.put(
                        match.group(2), new Function(match.group(1).strip(), parameters(match.group(3)))));
        List<String> versionMacros = new ArrayList<>();
        each(VERSION_MACRO, text, match -> versionMacros.add(match.group(1)));
        return new NvmlAbiHeader(structs, functions, constants, versionMacros);
    }

    private static void each(Pattern pattern, String text, java.util.function.Consumer<Matcher> use) {
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            use.accept(matcher);
        }
    }

    private static List<Member> members(String body, Map<String, Integer> constants) {
        List<Member> members = new ArrayList<>();
        for (String declaration : statements(body, ";")) {
            Matcher matcher = match(declaration);
            String length = matcher.group(4);
            members.add(new Member(
                    matcher.group(1).strip(),
                    matcher.group(2),
                    length == null ? 1 : constants.getOrDefault(length, 0)));
        }
        return members;
    }

    private static List<String> parameters(String list) {
        if (list.strip().equals("void")) {
            return List.of();
        }
        List<String> types = new ArrayList<>();
        for (String parameter : statements(list, ",")) {
            types.add(match(parameter).group(1).strip());
        }
        return types;
    }

    private static List<String> statements(String text, String separator) {
        return Stream.of(text.split(separator, -1))
                .map(String::strip)
                .filter(part -> !part.isEmpty())
                .toList();
    }

    private static Matcher match(String declaration) {
        Matcher matcher = MEMBER.matcher(declaration.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("declaration is not understood: declaration=" + declaration);
        }
        return matcher;
    }
}
