package deepflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The rooms of the project and who may know whom. When it fails, move the code, not the rule.
class ArchitectureTest {

    /// From top to bottom. A room knows the rooms of the rows below it, and none beside it.
    private static final List<List<String>> ROWS = List.of(
            List.of("cli"),
            List.of("report"),
            List.of("oracle"),
            List.of("experiment", "bench"),
            List.of("data", "train", "sample", "metric"),
            List.of("model"),
            List.of("equation"),
            List.of("nn"),
            List.of("autograd"),
            List.of("cpu", "cost", "parallel"),
            List.of("tensor"),
            List.of("random", "io", "thread"));

    private static final Path SOURCES = Path.of("src/main/java");

    /// `deepflow.cpu` is known by name to this room only; everything else sees `deepflow.tensor.Backend`.
    private static final String CHOOSES_BACKEND = "cli";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("deepflow");

    @Test
    void everyPackageIsARoom() throws IOException {
        Set<String> rooms = new TreeSet<>(ROWS.stream().flatMap(List::stream).toList());
        Set<String> strangers = new TreeSet<>();
        for (String name : packages()) {
            if (rooms.stream().noneMatch(room -> (name + ".").startsWith("deepflow." + room + "."))) {
                strangers.add(name);
            }
        }
        assertEquals(Set.of(), strangers, "packages that are no room: add them to ROWS, or move their classes");
    }

    @Test
    void everyRoomKnowsOnlyTheRoomsBelow() {
        for (int row = 0; row < ROWS.size(); row++) {
            for (String room : ROWS.get(row)) {
                List<String> forbidden = new ArrayList<>();
                ROWS.subList(0, row).forEach(forbidden::addAll);
                forbidden.addAll(ROWS.get(row));
                forbidden.remove(room);
                if (!room.equals(CHOOSES_BACKEND) && !room.equals("cpu")) {
                    forbidden.add("cpu");
                }
                if (!forbidden.isEmpty()) {
                    check(ArchRuleDefinition.noClasses()
                            .that()
                            .resideInAPackage(inside(room))
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(forbidden.stream()
                                    .map(ArchitectureTest::inside)
                                    .toArray(String[]::new)));
                }
            }
        }
    }

    /// A default locale would change digits and letters with the machine.
    @Test
    void formatsNameTheirLocale() {
        check(ArchRuleDefinition.noClasses()
                .should()
                .callMethod(String.class, "format", String.class, Object[].class)
                .orShould()
                .callMethod(String.class, "formatted", Object[].class));
    }

    @Test
    void packagesHaveNoCycles() {
        SliceAssignment byPackage = new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass c) {
                return SliceIdentifier.of(c.getPackageName());
            }

            @Override
            public String getDescription() {
                return "packages";
            }
        };
        check(SlicesRuleDefinition.slices().assignedFrom(byPackage).should().beFreeOfCycles());
    }

    @Test
    void onlyTheCommandLinePrintsOrExits() {
        var elsewhere = ArchRuleDefinition.noClasses().that().resideOutsideOfPackage(inside("cli"));
        check(elsewhere.should().accessField(System.class, "out"));
        check(elsewhere.should().accessField(System.class, "err"));
        check(elsewhere.should().callMethod(System.class, "exit", int.class));
        check(elsewhere.should().callMethod(Runtime.class, "exit", int.class));
        check(elsewhere.should().callMethod(Runtime.class, "halt", int.class));
        check(elsewhere.should().callMethod(Throwable.class, "printStackTrace"));
    }

    @Test
    void everyPackageSaysWhatItIsFor() throws IOException {
        for (String name : packages()) {
            Path info = SOURCES.resolve(name.replace('.', '/')).resolve("package-info.java");
            assertTrue(Files.exists(info), name + " has no package-info.java");
            String text = Files.readString(info);
            assertTrue(text.startsWith("///"), info + " does not begin with Markdown Javadoc (///)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"util", "helper", "manager"})
    void namesSayWhatAThingIs(String word) {
        check(ArchRuleDefinition.noClasses()
                .should(ArchConditions.be(DescribedPredicate.<JavaClass>describe(
                        "named *" + word + "*",
                        c -> c.getName().toLowerCase(Locale.ROOT).contains(word)))));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    private static String inside(String room) {
        return "deepflow." + room + "..";
    }

    /// Every folder under the sources that holds a Java file, as a package name.
    private static Set<String> packages() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            Set<String> names = new TreeSet<>();
            files.filter(f -> f.toString().endsWith(".java"))
                    .forEach(f -> names.add(
                            SOURCES.relativize(f.getParent()).toString().replace('/', '.')));
            return names;
        }
    }
}
