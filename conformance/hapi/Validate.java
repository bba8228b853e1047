// Validates Bundles, one per line of a file, with HAPI's validator and R4's own definitions. Prints a line
// for each error (bundle, message id, element, what is wrong), then how many it read.

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

public class Validate {
    /** An error that is none: what it says begins so. */
    record Known(String messageId, String begin, String reason) {
        boolean is(SingleValidationMessage message) {
            return messageId.equals(message.getMessageId()) && message.getMessage().startsWith(begin);
        }
    }

    static final List<Known> KNOWN = List.of(
        new Known("Terminology_PassThrough_TX_Message", "Unknown code 'http://terminology.hl7.org/CodeSystem/v2-",
            "A sender's code stands as it was sent under the table of its field. Sites may extend HL7's tables,"
                + " and R4 has older ones than the v2-to-FHIR guide takes codes from (0203 has no PGN, FGN, SHIP)."),
        new Known("Extension_EXT_Version_Invalid", "Extension url 'http://hl7.org/fhir/5.0/StructureDefinition/extension-",
            "An element of R5 as extension (R4, versions.html#extensions): HAPI has no definitions of R5 here."));

    public static void main(String[] args) throws IOException {
        var validator = validator();
        var bundles = Files.readAllLines(Path.of(args[0]));
        for (int n = 1; n <= bundles.size(); n++) {
            for (var message : validator.validateWithResult(bundles.get(n - 1)).getMessages()) {
                boolean isError = message.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0;
                if (isError && KNOWN.stream().noneMatch(known -> known.is(message))) {
                    System.out.println(String.join("\t", Integer.toString(n), message.getMessageId(),
                        message.getLocationString(), message.getMessage()));
                }
            }
        }
        System.out.println(bundles.size() + " bundles");
    }

    static FhirValidator validator() {
        var context = FhirContext.forR4();
        // SNOMED CT, LOINC, the CDC's and local systems are not at hand: their codes can't be judged.
        var unknown = new UnknownCodeSystemWarningValidationSupport(context);
        unknown.setNonExistentCodeSystemSeverity(IssueSeverity.INFORMATION);
        var module = new FhirInstanceValidator(new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            unknown));
        module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
        return context.newValidator().registerValidatorModule(module);
    }
}
