package deepflow.gpu;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import org.junit.jupiter.api.Test;

/// Who may know whom in this module. When it fails, move the code, not the rule.
class GpuArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("-tests.jar")) // the reference's, which tests here use
            .importPackages("deepflow");

    @Test
    void theReferenceKnowsNothingOfTheBridge() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideOutsideOfPackage("deepflow.gpu..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("deepflow.gpu..", "org.bytedeco..")
                .check(CLASSES);
    }

    /// Operations know shapes and devices; what trains, samples or judges is above them.
    @Test
    void theBackEndKnowsTensorsAndFilesOnly() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideInAnyPackage("deepflow.gpu", "deepflow.gpu.device..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "deepflow.cpu..",
                        "deepflow.autograd..",
                        "deepflow.nn..",
                        "deepflow.model..",
                        "deepflow.train..",
                        "deepflow.experiment..",
                        "deepflow.oracle..",
                        "deepflow.cli..")
                .check(CLASSES);
    }

    @Test
    void theDeviceKnowsNoOperation() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideInAPackage("deepflow.gpu.device..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("deepflow.gpu")
                .check(CLASSES);
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
        SlicesRuleDefinition.slices()
                .assignedFrom(byPackage)
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void nothingIsFoundByReflection() {
        ArchRuleDefinition.noClasses()
                .that()
                .resideInAPackage("deepflow.gpu..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.reflect..")
                .orShould()
                .callMethod(Class.class, "forName", String.class)
                .check(CLASSES);
    }
}
